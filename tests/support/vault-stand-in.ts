import type { Message } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import { type CocoonRoot, Op, registrarBodies } from '../../wrappers';
import type { RegistrarWorld } from './registrar-world';
import { isBounce, sentBy, txOf, txsOf } from './trace';

/** What the stand-in keeps of every value, as a contract's gas and forwarding would. */
const PASSING = 1_000_000n;

/**
 * Does what the Vault is to do with the registrar's messages of a trace, in their order: hands each on to the root with its
 * value, and tells the registrar what the root refused. @returns the traces of the root
 */
export async function passOn(
  it: RegistrarWorld,
  root: SandboxContract<CocoonRoot>,
  result: SendMessageResult,
): Promise<SendMessageResult[]> {
  const traces: SendMessageResult[] = [];
  for (const tx of txsOf(result, it.registrar.address)) {
    for (const { op, value, body } of sentBy(tx)) {
      if (op !== 'vaultRegistry') continue;
      const inner = body.refs[0]!;
      const trace = await it.vault.send({ to: root.address, value: value - PASSING, body: inner, bounce: true });
      traces.push(trace);
      const refused = txOf(trace, root.address).outMessages.values().find(isBounce);
      if (refused !== undefined)
        await tellRefusal(it, root, refused, inner.beginParse().loadUint(32) === Op.rootPutProxy);
    }
  }
  return traces;
}

/** A bounce carries the first 256 bits of the body: operation, query id, number. */
async function tellRefusal(
  it: RegistrarWorld,
  root: SandboxContract<CocoonRoot>,
  bounce: Message,
  isListing: boolean,
): Promise<void> {
  if (bounce.info.type !== 'internal') throw new Error('a bounce is an internal message');
  const slice = bounce.body.beginParse().skip(32 + 32);
  const queryId = slice.loadUintBig(64);
  const body = registrarBodies.registryFailed({ queryId, seqno: slice.loadUint(32), listing: isListing });
  const value = bounce.info.value.coins - PASSING;
  const trace = await it.vault.send({ to: it.registrar.address, value, body, bounce: true });
  await passOn(it, root, trace);
}
