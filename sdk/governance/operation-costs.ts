import type { Cell } from '@ton/core';
import { type DaoAction, packMeta, packPayload, packReason } from '../../wrappers';
import { daoGas } from '../generated/dao-gas';
import type { DaoOperation, OperationCost, Size } from './fees';
import { sizeBeside } from './message-size';

/** What an operation takes as it is going to be sent: the measurement, grown by what it says. */

export function operationCost(operation: DaoOperation): OperationCost {
  return daoGas[operation];
}

/** Loading a cell that the transaction has not seen. */
const CELL_GAS = 100;
/** Checking a reason's cell: it is loaded, measured and walked on from. */
const REASON_CELL_GAS = 600;
/** The measurement's own reason. */
const MEASURED_REASON = 'It is cheaper.';

/** @param before what the member voted there already */
export function voteCost({ reason, changes }: { reason?: string | undefined; changes: boolean }): OperationCost {
  if (reason === undefined) return operationCost(changes ? 'change of vote' : 'vote');
  return grown(
    operationCost('vote with a reason'),
    sizeOf(packReason(MEASURED_REASON)),
    sizeOf(packReason(reason)),
    1,
    { perCell: REASON_CELL_GAS },
  );
}

export function vetoCost(reason: string): OperationCost {
  return grown(operationCost('veto'), sizeOf(packReason('It is wrong.')), sizeOf(packReason(reason)), 1, {
    perCell: REASON_CELL_GAS,
  });
}

const MEASURED_TEXT = packPayload({
  title: 'Words',
  uri: 'https://example.org/1',
  sha256: packMeta({ uri: '', sha256: Buffer.alloc(32) }).hash(),
  actions: null,
});

/** The payload travels twice, from the Stake to the Dao and on to the proposal. @param count of the actions */
export function proposeCost(payload: Cell, count: number): OperationCost {
  const text = operationCost('propose, text only');
  const [one, ten] = [operationCost('propose, one action').gas, operationCost('propose, ten actions').gas];
  const actions = count === 0 ? 0 : one - text.gas + each(one, ten) * (count - 1);
  return grown({ ...text, gas: text.gas + actions }, sizeOf(MEASURED_TEXT), sizeOf(payload), 2, { known: 2 * count });
}

/** What the targets do is paid for by the treasury. */
export function executeCost(actions: readonly DaoAction[]): OperationCost {
  const one = operationCost('execute, one action');
  const bodies = actions.map(({ body, init }) => {
    const beside = body === null ? { cells: 0, bits: 0 } : sizeBeside(body);
    return init === null ? beside : { cells: beside.cells + 2, bits: beside.bits };
  });
  const more = bodies.slice(1).map(({ cells, bits }) => ({ cells: cells + 1, bits: bits + 1_023 }));
  const cells = bodies.reduce((sum, size) => sum + size.cells, 0);
  const gas =
    one.gas + each(one.gas, operationCost('execute, ten actions').gas) * (actions.length - 1) + CELL_GAS * cells;
  return { gas, messages: [...one.messages, ...more, bodies[0]!] };
}

function each(one: number, ten: number): number {
  return Math.ceil((ten - one) / 9);
}

function sizeOf(root: Cell): Size {
  const { cells, bits } = sizeBeside(root);
  return { cells: cells + 1, bits: bits + root.bits.length };
}

/** @param opts.known cells whose gas is in the measurement */
function grown(
  cost: OperationCost,
  measured: Size,
  actual: Size,
  times: number,
  opts: { known?: number; perCell?: number },
): OperationCost {
  const cells = actual.cells - measured.cells;
  const more = { cells, bits: actual.bits - measured.bits };
  const gas = cost.gas + (opts.perCell ?? CELL_GAS) * Math.max(0, cells - (opts.known ?? 0));
  return { gas, messages: cost.messages.map((size, i) => (i < times ? plus(size, more) : size)) };
}

function plus(one: Size, other: Size): Size {
  return { cells: Math.max(0, one.cells + other.cells), bits: Math.max(0, one.bits + other.bits) };
}
