import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseActionSource } from '../../tools/action-facts';
import { generateActions } from '../../tools/generate';

test('sdk/generated/actions.ts is what contracts/messages says', () => {
  for (const [file, content] of Object.entries(generateActions())) {
    expect(readFileSync(path.join(__dirname, '../..', file), 'utf8')).toBe(content);
  }
});

const THING = `// TL-B: part$_ size:uint16 = Part;
struct Part {
    size: Int as uint16;
}

// TL-B: thing#00000010 query_id:uint64 price_per:Coins
//         part:^Part more:(Maybe ^Cell) = InternalMsgBody;
/// What it is for.
message(0x00000010) Thing {
    queryId: Int as uint64;
    pricePer: Int as coins;
    part: Cell;
    more: Cell?;
    tail: Slice as remaining;
}
`;

test('operations and structs are read from the line above them', () => {
  expect(parseActionSource(THING)).toEqual({
    messages: [
      {
        name: 'Thing',
        op: 16,
        fields: [
          { name: 'pricePer', type: 'coins' },
          { name: 'part', type: '^Part' },
          { name: 'more', type: 'optionalCell' },
        ],
      },
    ],
    structs: [{ name: 'Part', fields: [{ name: 'size', type: 'uint16' }] }],
  });
});

test.each([
  ['names another field', 'price_per:Coins', 'price:Coins', 'the TL-B line has queryId,price,part,more'],
  ['has a type nobody knows', 'price_per:Coins', 'price_per:VarInteger', 'the type VarInteger is unknown'],
  ['is of another message', 'thing#', 'other#', 'no TL-B line of this name'],
  ['does not start with a query id', 'query_id:uint64 ', '', 'is not query_id'],
])('a line that %s stops the generator', (_, from, to, message) => {
  const source = THING.replace(from, to);
  const both = from.startsWith('query_id') ? source.replace('    queryId: Int as uint64;\n', '') : source;
  expect(() => parseActionSource(both)).toThrow(message);
});
