// On a phone, whose owner wants nothing to move.

import { tellLooks } from './looks.js';

await tellLooks('phone', { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
