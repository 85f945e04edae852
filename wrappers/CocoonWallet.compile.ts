import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/wallet.tact',
  options: { external: true, safety: { nullChecks: false } },
} satisfies CompilerConfig;
