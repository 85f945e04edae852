import { CocoonProxy, DeployValue, type ProxyData, proxyStateInit, stateInitAddress } from '@cocoon/sdk';
import { parse } from './lib/arguments';
import { chooseOwner, choosePublicKey, deployScript } from './lib/deployment';
import { tonAmount } from './lib/format';
import { ScriptError } from './lib/script';
import { chooseAddress, readTarget } from './lib/target';

/** Deploys a proxy with the present terms of its root, and its stake. */
export const run = deployScript(
  {
    name: 'deployProxy',
    summary:
      "deploys a proxy and its stake (default: the root's minimum; 0: none); publicKeyFile: the 32-byte seed in base64, or the proxy's configuration; amounts in TON",
    keys: ['root', 'owner', 'publicKey', 'publicKeyFile', 'stake', 'value'],
  },
  async (context) => {
    const { provider, prompts, manifest, live, args } = context;
    const rootAddress = await chooseAddress(provider, prompts, manifest, 'root');
    const { params } = (await readTarget(live, 'root', rootAddress)).data;
    if (params.proxyCode === null)
      throw new ScriptError('The root has no proxy code.', 'Its owner sets it: upgradeContracts.');
    const publicKey = await choosePublicKey(context, 'machine_specific_private_key');
    const owner = await chooseOwner(context);
    const stake = args.get('stake', parse.ton) ?? params.minProxyStake;
    if (stake !== 0n && stake < params.minProxyStake) {
      throw new ScriptError(
        `stake is below the minimum of ${tonAmount(params.minProxyStake)}.`,
        'Give more, or stake=0.',
      );
    }
    const init = proxyStateInit({ owner, publicKey, root: rootAddress, params, proxyCode: params.proxyCode });
    const address = stateInitAddress(init);
    return {
      contract: 'proxy',
      init,
      owner,
      value: args.get('value', parse.ton) ?? DeployValue.proxy,
      facts: [
        ['root', rootAddress.toString()],
        ['public key', publicKey.toString('hex')],
        ['terms version', params.paramsVersion],
      ],
      further:
        stake === 0n
          ? []
          : [
              {
                label: `stake ${tonAmount(stake)}`,
                message: CocoonProxy.buildIncreaseStake(address, {
                  amount: stake,
                  excessesTo: provider.sender().address ?? owner,
                }),
                fields: [['amount', tonAmount(stake)]],
                // A closed or closing proxy has had its stake.
                isDone: (data) => (data as ProxyData).stake >= stake || (data as ProxyData).state !== 0,
              },
            ],
      names: [[rootAddress.toRawString(), 'root']],
    };
  },
);
