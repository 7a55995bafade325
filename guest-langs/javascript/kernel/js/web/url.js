// URL and URLSearchParams: the package of the standard's authors.
import { domainToASCII, domainToUnicode } from './domains.js';
import { URL, URLSearchParams } from 'whatwg-url';
import { inspect } from '../inspect.js';
import { hidden } from '../primordials.js';

const look = inspect.custom;

hidden(URL.prototype, look, function custom(depth, options) {
  const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash } = this;
  return `URL ${inspect({ href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash }, options)}`;
});
hidden(URLSearchParams.prototype, look, function custom(depth, options) {
  const parts = [...this].map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
  return parts.length === 0 ? 'URLSearchParams {}' : `URLSearchParams { ${parts.join(', ')} }`;
});
URL.canParse ??= (address, base) => {
  try {
    return !!new URL(address, base);
  } catch {
    return false;
  }
};

export { domainToASCII, domainToUnicode, URL, URLSearchParams };
