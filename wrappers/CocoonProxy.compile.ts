import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/proxy.tact',
  options: { safety: { nullChecks: false } },
} satisfies CompilerConfig;
