import type { Config } from '@ton/blueprint';

// Everything is in the default places; the file exists so that Blueprint finds the project root.
export const config: Config = {
  separateCompilables: false,
};
