import { type ClientData, CocoonClient, clientStateInit, DeployValue, stateInitAddress } from '@cocoon/sdk';
import { parse } from './lib/arguments';
import { chooseOwner, deployScript } from './lib/deployment';
import { tonAmount } from './lib/format';
import { ScriptError } from './lib/script';
import { chooseAddress, readTarget } from './lib/target';
import { requireState } from './lib/verbs/guards';

/** Deploys a client's channel with one proxy and fills its escrow. */
export const run = deployScript(
  {
    name: 'deployClient',
    summary: "deploys a client and fills its escrow (topUp, default: the proxy's minimum; 0: none); amounts in TON",
    keys: ['proxy', 'owner', 'topUp', 'value'],
  },
  async (context) => {
    const { provider, prompts, manifest, live, args } = context;
    const proxyAddress = await chooseAddress(provider, prompts, manifest, 'proxy');
    const { publicKey, params, state } = (await readTarget(live, 'proxy', proxyAddress)).data;
    requireState('proxy', state, [0], 'Choose another: a channel with it would be of no use.');
    const owner = await chooseOwner(context);
    const topUp = args.get('topUp', parse.ton) ?? params.minClientStake;
    if (topUp !== 0n && topUp < params.minClientStake) {
      throw new ScriptError(
        `topUp is below the minimum of ${tonAmount(params.minClientStake)}.`,
        'Give more, or topUp=0.',
      );
    }
    const init = clientStateInit({ owner, proxy: proxyAddress, publicKey, params });
    const address = stateInitAddress(init);
    return {
      contract: 'client',
      init,
      owner,
      value: args.get('value', parse.ton) ?? DeployValue.client,
      facts: [
        ['proxy', proxyAddress.toString()],
        ['terms version', params.paramsVersion],
      ],
      further:
        topUp === 0n
          ? []
          : [
              {
                label: `fill the escrow with ${tonAmount(topUp)}`,
                message: CocoonClient.buildTopUp(address, {
                  amount: topUp,
                  excessesTo: provider.sender().address ?? owner,
                }),
                fields: [['amount', tonAmount(topUp)]],
                // An escrow that was filled and spent since is topUpClient's business.
                isDone: (data) => {
                  const { balance, tokensUsed, state: now } = data as ClientData;
                  return balance >= topUp || tokensUsed > 0n || now !== 0;
                },
              },
            ],
      names: [[proxyAddress.toRawString(), 'proxy']],
    };
  },
);
