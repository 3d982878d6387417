/** Where the app begins. */

import './elements/host-stand.js';
import { keepOffline } from './live/offline.js';

keepOffline();
