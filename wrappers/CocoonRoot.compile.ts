import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/root.tact',
  options: { safety: { nullChecks: false } },
} satisfies CompilerConfig;
