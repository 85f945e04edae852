import { DeployValue, MAINNET_TERMS, rootStateInit } from '@cocoon/sdk';
import { parse } from './lib/arguments';
import { codeOf } from './lib/contracts';
import { chooseOwner, deployScript } from './lib/deployment';
import { paramsRows } from './lib/format';
import { requireSoundTerms } from './lib/verbs/guards';
import { ALL_TERMS, withGivenTerms } from './lib/verbs/root-terms';

/** Deploys the root contract, by default with the terms of the live network and the sender's wallet as owner. */
export const run = deployScript(
  {
    name: 'deployRoot',
    summary:
      "deploys the root; prices in nanoTON, stakes and value in TON, delays in seconds, multipliers in 1/10000; the defaults are mainnet's",
    keys: ['owner', 'version', 'uniqueId', 'test=true|false', ...ALL_TERMS.map(({ key }) => key), 'value'],
  },
  async (context) => {
    const { args } = context;
    const terms = {
      structVersion: 3,
      paramsVersion: 1,
      ...MAINNET_TERMS,
      uniqueId: args.get('uniqueId', parse.whole) ?? MAINNET_TERMS.uniqueId,
      isTest: args.flag('test'),
      proxyCode: codeOf('proxy'),
      workerCode: codeOf('worker'),
      clientCode: codeOf('client'),
    };
    const params = withGivenTerms(ALL_TERMS, terms, args);
    requireSoundTerms(params);
    const owner = await chooseOwner(context);
    const version = args.get('version', parse.whole) ?? 1;
    return {
      contract: 'root',
      init: rootStateInit({ owner, params, rootCode: codeOf('root'), version }),
      owner,
      value: args.get('value', parse.ton) ?? DeployValue.root,
      facts: paramsRows(params),
    };
  },
);
