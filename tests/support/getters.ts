import type { Address, TupleItem } from '@ton/core';
import type { World } from './world';

/** A get method's answer as it lies on the stack: type and value of each item, addresses in readable form. */
export type StackItem = ['int', bigint] | ['address', string] | [string, null];

/**
 * Calls a get method by number, as an explorer does that has only the id; the answer is the exact stack.
 * @throws when the method fails or the contract has no such id
 */
export async function stackOf(
  world: World,
  address: Address,
  methodId: number,
  args: TupleItem[] = [],
): Promise<StackItem[]> {
  const { stack } = await world.chain.runGetMethod(address, methodId, args);
  return stack.map((item): StackItem => {
    if (item.type === 'int') return ['int', item.value];
    if (item.type === 'slice') return ['address', item.cell.beginParse().loadAddress().toString()];
    return [item.type, null];
  });
}

export function int(value: number | bigint | Buffer): StackItem {
  if (Buffer.isBuffer(value)) return ['int', BigInt(`0x${value.toString('hex')}`)];
  return ['int', BigInt(value)];
}

export function addr(value: Address): StackItem {
  return ['address', value.toString()];
}

/** Number of a get method: CRC-16/XMODEM of its name, with bit 16 set. Written out here to check ids independently. */
export function methodId(name: string): number {
  let crc = 0;
  for (const byte of Buffer.from(name)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc | 0x10000;
}
