// The built-in modules: each registers itself.
import './basic.js';
import './fs.js';
import './crypto.js';
import './child-process.js';
import './absent.js';
