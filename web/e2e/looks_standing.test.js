// On an iPad that stands.

import { tellLooks } from './looks.js';

await tellLooks('standing', { viewport: { width: 768, height: 1024 } });
