import {
  type CocoonParams,
  CocoonRoot,
  contractCode,
  DeployValue,
  MAINNET_TERMS,
  parseRootData,
  rootStateInit,
  stateInitAddress,
} from '@cocoon/sdk';
import { Cell } from '@ton/core';
import { parseAddress, readContract, waitForCode } from './lib/chain';
import { listing, paramsRows, tonAmount } from './lib/format';
import { updateManifest } from './lib/manifest';
import { confirm, ScriptError, script } from './lib/script';

const KEYS = [
  'owner',
  'version',
  'uniqueId',
  'test',
  'price',
  'workerFee',
  'promptMultiplier',
  'cachedMultiplier',
  'completionMultiplier',
  'reasoningMultiplier',
  'proxyDelay',
  'clientDelay',
  'minProxyStake',
  'minClientStake',
  'value',
  'yes',
] as const;

const usage = {
  text: `blueprint run deployRoot [${KEYS.map((key) => `${key}=…`).join('] [')}]; prices, stakes and value in nanoTON, delays in seconds, multipliers in 1/10000; the defaults are mainnet's`,
  keys: KEYS,
};

/**
 * Deploys the root contract, by default with the terms of the live network and the sender's wallet as owner. Its
 * address follows from its parameters; a second run finds it there and sends nothing.
 */
export const run = script(usage, async (provider, args) => {
  const ui = provider.ui();
  const ownerText = args.text('owner');
  const owner = ownerText === undefined ? provider.sender().address : parseAddress(ownerText, 'owner');
  if (owner === undefined) throw new ScriptError('The owner is unknown with a deep link.', 'Give owner=ADDRESS.');
  const terms = MAINNET_TERMS;
  const cell = (contract: keyof typeof contractCode) => Cell.fromBase64(contractCode[contract].boc);
  const params: CocoonParams = {
    structVersion: 3,
    paramsVersion: 1,
    uniqueId: args.number('uniqueId', terms.uniqueId),
    isTest: args.flag('test', false),
    pricePerToken: args.nano('price', terms.pricePerToken),
    workerFeePerToken: args.nano('workerFee', terms.workerFeePerToken),
    promptMultiplier: args.number('promptMultiplier', terms.promptMultiplier),
    cachedMultiplier: args.number('cachedMultiplier', terms.cachedMultiplier),
    completionMultiplier: args.number('completionMultiplier', terms.completionMultiplier),
    reasoningMultiplier: args.number('reasoningMultiplier', terms.reasoningMultiplier),
    proxyDelayBeforeClose: args.number('proxyDelay', terms.proxyDelayBeforeClose),
    clientDelayBeforeClose: args.number('clientDelay', terms.clientDelayBeforeClose),
    minProxyStake: args.nano('minProxyStake', terms.minProxyStake),
    minClientStake: args.nano('minClientStake', terms.minClientStake),
    proxyCode: cell('proxy'),
    workerCode: cell('worker'),
    clientCode: cell('client'),
  };
  checkTerms(params);

  const code = cell('root');
  const init = rootStateInit({ owner, params, rootCode: code, version: args.number('version', 1) });
  const address = stateInitAddress(init);
  const value = args.nano('value', DeployValue.root);
  ui.write(
    `Plan: deploy the Cocoon root\n${listing([
      ['address', address.toString()],
      ['owner', owner.toString()],
      ['code hash', contractCode.root.hash],
      ['value', tonAmount(value)],
      ...paramsRows(params),
    ])}\n`,
  );
  if ((await readContract(provider, address)) === undefined) {
    await confirm(provider, args.flag('yes', false), 'Deploy?');
    await provider.sender().send(CocoonRoot.buildDeploy(init, { value }));
  } else {
    ui.write('It is on chain already: nothing to send.');
  }
  const deployed = await waitForCode(provider, address, code);
  if (!parseRootData(deployed.data).owner.equals(owner)) {
    throw new ScriptError(
      `The root ${address.toString()} has another owner now.`,
      'It was handed over after deployment.',
    );
  }
  ui.write(`Deployed, code hash verified: ${contractCode.root.hash}`);
  const manifest = updateManifest(provider.network(), {
    root: { address: address.toString(), codeHash: contractCode.root.hash, owner: owner.toString() },
  });
  ui.write(`Manifest: ${manifest}`);
});

/** What the contract would accept and nobody could work with. */
function checkTerms(params: CocoonParams): void {
  if (params.workerFeePerToken > params.pricePerToken) {
    throw new ScriptError(
      `workerFee=${params.workerFeePerToken} exceeds price=${params.pricePerToken}.`,
      'Every payout would fail: the proxy cannot pay more than clients are charged.',
    );
  }
  if (params.proxyDelayBeforeClose <= params.clientDelayBeforeClose) {
    throw new ScriptError(
      `proxyDelay=${params.proxyDelayBeforeClose} is not above clientDelay=${params.clientDelayBeforeClose}.`,
      'A client could not take back its escrow before its proxy has closed.',
    );
  }
}
