import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/client.tact',
  options: { safety: { nullChecks: false } },
} satisfies CompilerConfig;
