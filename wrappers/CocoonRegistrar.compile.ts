import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/dao/registrar.tact',
  // `!!` stands only where a missing value fails anyway: a check before it would cost gas and change nothing.
  options: { safety: { nullChecks: false } },
} satisfies CompilerConfig;
