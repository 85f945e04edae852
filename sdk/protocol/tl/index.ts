export type * from '../../generated/tl';
export {
  answersOf,
  type Ctor,
  decode,
  decodeAs,
  encode,
  encodedLength,
  encodeInto,
  peekConstructor,
  TlError,
  type TlObject,
  type TlType,
} from './codec';
export { TlReader } from './reader';
export { TL_SCHEMA } from './schema';
