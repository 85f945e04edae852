import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/worker.tact',
  options: { safety: { nullChecks: false } },
} satisfies CompilerConfig;
