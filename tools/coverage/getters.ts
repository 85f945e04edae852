/** Name of every get method by its id: crc16 of the name with bit 16 set, as the compiler numbers them. */
export function getterNames(sources: ReadonlyMap<string, Buffer>): Map<number, string> {
  const names = [...sources.values()].flatMap((source) =>
    [...source.toString('utf8').matchAll(/\bget\s+fun\s+(\w+)/g)].map((match) => match[1]!),
  );
  return new Map(names.map((name) => [(crc16(name) & 0xffff) | 0x10000, name]));
}

function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc;
}
