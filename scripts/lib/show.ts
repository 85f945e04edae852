import { type ContractName, contractCode } from '@cocoon/sdk';
import { parse } from './arguments';
import { LiveChain } from './chain';
import { contractRows } from './contracts';
import { listing, type Row, tonAmount } from './format';
import { readManifest } from './manifest-file';
import { Prompts } from './prompts';
import { ScriptError, script } from './script';
import { chooseAddress, parseAs } from './target';

/** A `show*` script: reads one contract, prints its state and whether its code is this release's. Sends nothing. */
export function showScript(contract: ContractName): ReturnType<typeof script> {
  const name = `show${contract.charAt(0).toUpperCase()}${contract.slice(1)}`;
  const summary = `prints a ${contract} contract`;
  return script({ name, summary, keys: [contract], words: '[ADDRESS]', readOnly: true }, async (provider, args) => {
    const [word] = args.words;
    // Nothing is sent, so there is no yes=true to say that nobody is there: the terminal alone tells.
    const prompts = new Prompts(provider, args, process.stdin.isTTY === true);
    const address =
      word === undefined
        ? await chooseAddress(provider, prompts, readManifest(provider.network()), contract)
        : parse.address(word, `address of the ${contract} contract`);
    const deployed = await new LiveChain(provider).requireContract(address);
    const hash = deployed.code.hash().toString('hex');
    const release = hash === contractCode[contract].hash ? 'this release' : 'not of this release';
    const known: Row[] = [
      ['address', address.toString()],
      ['balance', tonAmount(deployed.balance)],
      ['code', `${hash} (${release})`],
    ];
    try {
      parseAs(contract, address, deployed);
    } catch (error) {
      // What can be told is told before the script fails.
      provider.ui().write(`An account on ${provider.network()}\n${listing(known)}`);
      throw error instanceof ScriptError ? error : new ScriptError((error as Error).message, '');
    }
    provider.ui().write(`Cocoon ${contract}\n${listing([...known, ...contractRows(contract, deployed.data)])}`);
  });
}
