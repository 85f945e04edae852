import { DeployValue, workerStateInit } from '@cocoon/sdk';
import { parse } from './lib/arguments';
import { chooseOwner, deployScript } from './lib/deployment';
import { chooseAddress, readTarget } from './lib/target';
import { requireState } from './lib/verbs/guards';

/** Deploys a worker's account at one proxy. */
export const run = deployScript(
  {
    name: 'deployWorker',
    summary: 'deploys a worker; value in TON',
    keys: ['proxy', 'owner', 'value'],
  },
  async (context) => {
    const { provider, prompts, manifest, live, args } = context;
    const proxyAddress = await chooseAddress(provider, prompts, manifest, 'proxy');
    const { publicKey, params, state } = (await readTarget(live, 'proxy', proxyAddress)).data;
    requireState('proxy', state, [0], 'Choose another: a worker at it would earn nothing.');
    const owner = await chooseOwner(context);
    return {
      contract: 'worker',
      init: workerStateInit({ owner, proxy: proxyAddress, publicKey, params }),
      owner,
      value: args.get('value', parse.ton) ?? DeployValue.worker,
      facts: [
        ['proxy', proxyAddress.toString()],
        ['terms version', params.paramsVersion],
      ],
      names: [[proxyAddress.toRawString(), 'proxy']],
    };
  },
);
