// How values look: Node's own code. The bundler gives it a look into promises and proxies, so that no trap runs, and
// the kinds of types.js.
import inspection from 'node-inspect-extracted';

export const { format, formatWithOptions, inspect, stripVTControlCharacters } = inspection;
