import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';
import { beginCell, Cell, Dictionary } from '@ton/core';
import fc from 'fast-check';
import { clientHandshake, HANDSHAKE_LENGTH, serverHandshake } from './cipher';
import { lookup } from './dict';
import { FrameReader, frame, MAX_FRAME } from './frames';
import { keyId, newIdentity, sharedSecret } from './keys';
import { readStack } from './stack';
import { hashmap, pruned } from './testing/cells';
import { FakeLiteServer } from './testing/server';
import { answers, byteString, type TlName, tlId } from './tl';

const client = newIdentity(Buffer.alloc(32, 1));
const server = newIdentity(Buffer.alloc(32, 2));
const keys = Buffer.from(Array.from({ length: 160 }, (_value, index) => index));
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

describe('the protocol of lite servers, as another implementation speaks it', () => {
  it.each<[TlName, number]>([
    ['adnl.message.query', 0xb48bf97a],
    ['adnl.message.answer', 0x0fac8416],
    ['pub.ed25519', 0x4813b4c6],
    ['liteServer.query', 0x798c06df],
    ['liteServer.error', 0xbba9e148],
    ['liteServer.getMasterchainInfoExt', 0x70a671df],
    ['liteServer.masterchainInfoExt', 0xa8cce0f5],
    ['liteServer.getAccountState', 0x6b890e25],
    ['liteServer.accountState', 0x7079c751],
    ['liteServer.getTransactions', 0x1c40e7a1],
    ['liteServer.transactionList', 0x6f26c60b],
    ['liteServer.runSmcMethod', 0x5cc65dd2],
    ['liteServer.runMethodResult', 0xa39a616b],
    ['liteServer.sendMessage', 0x690ad482],
    ['liteServer.sendMsgStatus', 0x3950e597],
  ])('%s has the id that the network knows', (name, id) => {
    expect(tlId(name)).toBe(id);
  });

  it('key agreement, the server’s name and the whole handshake are the same bytes', () => {
    expect(server.publicKey.toString('hex')).toBe('8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394');
    expect(sharedSecret(client.seed, server.publicKey).toString('hex')).toBe(
      '4181d7302557342bdb6d061c4b1eebea828ecb625c3368b7111680793307220b',
    );
    expect(keyId(server.publicKey).toString('hex')).toBe(
      '28ed1ac51b589bb6097243ff8f5b0f1d8610ad7502a53688eb025e64985d30f2',
    );
    const { packet } = clientHandshake(server.publicKey, client, keys);
    expect(packet).toHaveLength(HANDSHAKE_LENGTH);
    expect(sha256(packet)).toBe('8fec3da4cca0d2343bac87fa658884678699a513ad49249b67e640fd9abcc1bd');
  });

  it('the first packet after it is the same bytes', () => {
    const { ciphers } = clientHandshake(server.publicKey, client, keys);
    const sealed = ciphers.send.update(frame(Buffer.from('hello'), Buffer.alloc(32, 3)));
    expect(sealed.toString('hex')).toBe(
      '01ab3ad851f6542a9388b7f074f53af83fc911c0dfa34465ca2e040c449b4b959f132703daffcdbf7e48c97a979a3f223adc404ab6410f81085500ed1b097cac45d53b894a940ebc11',
    );
  });

  it('both sides agree on a secret, whatever their keys', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => newIdentity(Buffer.from(bytes)));
    fc.assert(
      fc.property(seed, seed, (a, b) => sharedSecret(a.seed, b.publicKey).equals(sharedSecret(b.seed, a.publicKey))),
      { numRuns: 30 },
    );
  });

  it('a handshake for another key, or a damaged one, opens nothing', () => {
    const { packet } = clientHandshake(server.publicKey, client, keys);
    expect(serverHandshake(packet, newIdentity())).toBeUndefined();
    packet[200]! ^= 1;
    expect(serverHandshake(packet, server)).toBeUndefined();
  });
});

describe('packets', () => {
  it('come out whole, however the stream is cut', () => {
    const payloads = fc.array(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(200), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((payload) => frame(payload)));
        const reader = new FrameReader();
        const received: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length]! + 1;
          received.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(received).toEqual(sent);
      }),
    );
  });

  it.each([
    ['too short to be one', 63],
    ['longer than any answer', MAX_FRAME + 1],
  ])('of a size that is %s end the stream', (_what, size) => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(size);
    expect(() => new FrameReader().push(head)).toThrow(`a packet of ${size} bytes`);
  });

  it('with a wrong hash end the stream', () => {
    const packet = frame(Buffer.from('payload'));
    packet[40]! ^= 1;
    expect(() => new FrameReader().push(packet)).toThrow('hash is wrong');
  });
});

describe('what a server sends', () => {
  it('is read or refused with an error, never anything else, whatever the bytes', () => {
    const names = ['liteServer.masterchainInfoExt', 'liteServer.accountState', 'liteServer.runMethodResult'] as const;
    const tags = fc.constantFrom(...names, 'liteServer.transactionList' as const, 'liteServer.error' as const);
    fc.assert(
      fc.property(tags, fc.uint8Array({ maxLength: 400 }), (name, bytes) => {
        const id = Buffer.alloc(4);
        id.writeUInt32LE(tlId(name));
        for (const read of Object.values(answers)) {
          try {
            read(Buffer.concat([id, Buffer.from(bytes)]));
          } catch (error) {
            expect((error as Error).name).toMatch(/^(TlError|LiteServerRefusal)$/);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a stack of few cells that unfolds into very many is refused at once', () => {
    let tuple = beginCell().storeUint(0, 8).endCell();
    for (let depth = 0; depth < 200; depth++)
      tuple = beginCell().storeUint(7, 8).storeUint(2, 16).storeRef(tuple).storeRef(tuple).endCell();
    const stack = beginCell().storeUint(1, 24).storeRef(Cell.EMPTY).storeSlice(tuple.beginParse()).endCell();
    expect(() => readStack(stack.toBoc())).toThrow('the stack is too large');
  });

  it.each([0, 3, 253, 254, 300, 70_000])('a byte string of %i bytes is written as TL has it', (length) => {
    const written = byteString(Buffer.alloc(length, 7));
    expect(written.length % 4).toBe(0);
    const [head, start] = length < 254 ? [[length], 1] : [[254, length & 255, (length >> 8) & 255, length >> 16], 4];
    expect([...written.subarray(0, start)]).toEqual(head);
    expect(written.subarray(start, start + length)).toEqual(Buffer.alloc(length, 7));
  });

  it('a server that is sent garbage instead of a handshake closes the connection and lives on', async () => {
    const fake = await new FakeLiteServer(() => undefined).start();
    const socket = createConnection(fake.address.port, '127.0.0.1');
    socket.write(Buffer.alloc(HANDSHAKE_LENGTH, 9));
    await new Promise((resolve) => socket.on('close', resolve));
    await fake.stop();
  });
});

describe('a dictionary in a proof', () => {
  const bits = (key: number) => beginCell().storeUint(key, 16).endCell().bits;

  it('is looked up as the whole would be, with any keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(65_535), { minLength: 1, maxLength: 20 }), fc.nat(65_535), (present, other) => {
        const entries = present.map((key) => ({
          key: bits(key),
          store: (builder: ReturnType<typeof beginCell>) => builder.storeUint(key, 20),
        }));
        const root = hashmap(entries);
        for (const key of [...present, other])
          expect(lookup(root, bits(key))?.loadUint(20)).toBe(present.includes(key) ? key : undefined);
      }),
    );
  });

  it('reads every form of label, as @ton/core writes them', () => {
    const value = Dictionary.Values.Uint(8);
    for (const present of [[0], [0xffff], [0xaaaa], [0x00ff, 0x00fe], [1, 0x8001, 0x8003], [0, 0xfffe, 0xffff]]) {
      const dict = Dictionary.empty(Dictionary.Keys.Uint(16), value);
      for (const key of present) dict.set(key, key & 0xff);
      const root = beginCell().storeDictDirect(dict).endCell();
      for (const key of present) expect(lookup(root, bits(key))?.loadUint(8)).toBe(key & 0xff);
    }
  });

  it('does not take what is left out for absent', () => {
    const store = (builder: ReturnType<typeof beginCell>) => builder.storeUint(1, 1);
    const root = hashmap([0, 1, 0x8000].map((key) => ({ key: bits(key), store })));
    const [low, high] = root.refs;
    const partial = new Cell({ bits: root.bits, refs: [pruned(low!), high!] });
    expect(lookup(partial, bits(0x8000))?.loadUint(1)).toBe(1);
    expect(lookup(partial, bits(0xffff))).toBeUndefined();
    expect(() => lookup(partial, bits(5))).toThrow('leaves out');
  });
});
