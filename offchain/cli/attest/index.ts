import { type Command, InvalidArgumentError, Option } from 'commander';
import { TCB_STATUSES } from '../../tee/dcap/collateral';
import { AttestationError } from '../../tee/errors';
import { CliError } from '../errors';
import { makeQuote } from './quote';
import { show } from './show';
import { verify } from './verify';

/** `cocoon attest …`: what a peer's attestation says, whether it holds, and what this machine can prove. */
export function registerAttest(program: Command): void {
  const attest = program.command('attest').description('verify, show and make attestations of confidential machines');
  attest
    .command('verify <file>')
    .description('verify evidence, a certificate or a quote again, offline')
    .addOption(
      new Option('--policy <name>', "what to ask; evidence's own otherwise").choices(['any', 'fake_tdx', 'tdx']),
    )
    .addOption(new Option('--role <role>', 'what the peer was').choices(['server', 'client']))
    .option('--collateral <file>', "Intel's collateral, when the file has none (JSON)")
    .option('--at <time>', 'the moment to judge it at, ISO 8601; that of the evidence, or now', time)
    .addOption(
      new Option('--allow-status <status...>', 'accept these patch levels besides UpToDate').choices(
        TCB_STATUSES.filter((status) => status !== 'Revoked'),
      ),
    )
    .option('--image-hash <hash...>', 'accept these images only (hex or base64)', imageHashes)
    .option('--root-key <id...>', "trust these roots instead of Intel's (hex; for hardware of a test bench)", rootKeys)
    .option('--json', 'print one JSON object')
    .action((file, flags) => named(() => verify(file, flags)));
  attest
    .command('show <file>')
    .description('decode evidence, a certificate or a quote, without judging it')
    .option('--json', 'print one JSON object')
    .action((file, flags) => named(() => show(file, flags)));
  attest
    .command('quote')
    .description('ask this machine for a quote')
    .addOption(
      new Option('--kind <kind>', 'tdx: from the kernel; fake_tdx: for tests')
        .choices(['tdx', 'fake_tdx'])
        .default('tdx'),
    )
    .option('--report-data <hex>', '64 bytes that the quote shall carry (default: random)', reportData)
    .option('--out <file>', 'write the quote here instead of printing it in hex')
    .action((flags) => named(() => makeQuote(flags)));
}

/** Refusals end the command with their code in front. */
async function named(act: () => void | Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    throw new CliError(`${error.code}: ${error.message}.`, '', { cause: error });
  }
}

function time(text: string): number {
  const ms = Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError('expected a time such as 2026-11-25T12:00:00Z');
}

function imageHashes(text: string, before: Buffer[] = []): Buffer[] {
  const hash = Buffer.from(text, /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64');
  if (hash.length !== 32) throw new InvalidArgumentError('expected 32 bytes in hex or base64');
  return [...before, hash];
}

function rootKeys(text: string, before: Buffer[] = []): Buffer[] {
  if (/^[0-9a-fA-F]{96}$/.test(text)) return [...before, Buffer.from(text, 'hex')];
  throw new InvalidArgumentError('expected 48 bytes in hex');
}

function reportData(text: string): Buffer {
  if (/^[0-9a-fA-F]{128}$/.test(text)) return Buffer.from(text, 'hex');
  throw new InvalidArgumentError('expected 64 bytes in hex');
}
