import { DeployValue, walletStateInit } from '@cocoon/sdk';
import { parse } from './lib/arguments';
import { codeOf } from './lib/contracts';
import { chooseOwner, choosePublicKey, deployScript } from './lib/deployment';

/** Deploys the wallet that a runner signs for while somebody else owns it. */
export const run = deployScript(
  {
    name: 'deployWallet',
    summary:
      "deploys a node's wallet; publicKeyFile: the 32-byte seed in base64, or the runner's configuration; value in TON, 2 TON are needed for its key to be obeyed",
    keys: ['owner', 'publicKey', 'publicKeyFile', 'value'],
  },
  async (context) => {
    const publicKey = await choosePublicKey(context, 'node_wallet_key');
    const owner = await chooseOwner(context);
    return {
      contract: 'wallet',
      init: walletStateInit({ publicKey, owner, code: codeOf('wallet') }),
      owner,
      value: context.args.get('value', parse.ton) ?? DeployValue.wallet,
      facts: [['public key', publicKey.toString('hex')]],
    };
  },
);
