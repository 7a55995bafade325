// Time zones: the changes of a zone's clock are unpacked when it is first asked for, not all at boot.
import '@formatjs/intl-datetimeformat/polyfill-force.js';

const { DateTimeFormat } = globalThis.Intl;

// As `unpack` of the package: [seconds of the change, abbreviation, offset, whether it is summer time].
function unpack(packed, abbreviations, offsets) {
  const changes = packed.split('|');
  changes.shift();
  return changes.map((change) => {
    const [seconds, abbreviation, offset, summer] = change.split(',');
    return [seconds === '' ? -Infinity : parseInt(seconds, 36), abbreviations[+abbreviation], offsets[+offset], summer === '1'];
  });
}

DateTimeFormat.__addTZData = ({ abbrvs, offsets, zones }) => {
  const abbreviations = abbrvs.split('|');
  const numbers = offsets.split('|').map((digits) => parseInt(digits, 36));
  const table = {};
  for (const packed of zones) {
    const name = packed.slice(0, packed.indexOf('|'));
    const get = () => {
      const value = unpack(packed, abbreviations, numbers);
      Object.defineProperty(table, name, { value, enumerable: true });
      return value;
    };
    Object.defineProperty(table, name, { get, enumerable: true, configurable: true });
  }
  DateTimeFormat.tzData = table;
};
