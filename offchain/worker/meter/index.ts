export { Meter, type MeterOptions } from './meter';
export { BodyTooLargeError } from './splitter';
