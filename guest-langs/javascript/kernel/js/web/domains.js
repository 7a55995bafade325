// Names of hosts in their two forms.
import { toASCII, toUnicode } from 'tr46';

export const domainToASCII = (name) => toASCII(`${name}`) ?? '';
export const domainToUnicode = (name) => toUnicode(`${name}`).domain;
