// On an iPad that lies.

import { tellLooks } from './looks.js';

await tellLooks('lying', { viewport: { width: 1024, height: 768 } });
