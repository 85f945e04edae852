import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { LlamaMissingError, startLlamaEngine } from './llama';
import { LLAMA_INSTALL } from './llama/bindings';
import { encodeGguf } from './llama/gguf';
import { TINY, tinyGguf, writeTinyGguf } from './write-gguf';

interface Parsed {
  version: number;
  metadata: Map<string, unknown>;
  tensors: Map<string, { shape: number[]; type: number; values: Float32Array }>;
}

/** A reader of its own, by the format's description. */
function parseGguf(file: Buffer): Parsed {
  let at = 0;
  /** Offset of the next `length` bytes. */
  const take = (length: number) => {
    at += length;
    return at - length;
  };
  const u32 = () => file.readUInt32LE(take(4));
  const u64 = () => Number(file.readBigUInt64LE(take(8)));
  const text = () => {
    const length = u64();
    const start = take(length);
    return file.toString('utf8', start, start + length);
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return file.readInt32LE(take(4));
    if (type === 6) return file.readFloatLE(take(4));
    if (type === 7) return file[take(1)] === 1;
    if (type === 8) return text();
    if (type !== 9) throw new Error(`type ${type}`);
    const element = u32();
    return Array.from({ length: u64() }, () => value(element));
  };
  if (file.toString('latin1', 0, 4) !== 'GGUF') throw new Error('magic');
  at = 4;
  const version = u32();
  const tensorCount = u64();
  const metadata = new Map(Array.from({ length: u64() }, () => [text(), value(u32())] as const));
  const heads = Array.from({ length: tensorCount }, () => {
    const name = text();
    const shape = Array.from({ length: u32() }, u64);
    return { name, shape, type: u32(), offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  let end = start;
  const tensors = new Map(
    heads.map(({ name, shape, type, offset }) => {
      const count = shape.reduce((product, size) => product * size, 1);
      if (offset % 32 !== 0) throw new Error(`${name} is not aligned`);
      const values = Float32Array.from({ length: count }, (_, index) => file.readFloatLE(start + offset + index * 4));
      end = Math.max(end, start + offset + count * 4);
      return [name, { shape, type, values }] as const;
    }),
  );
  if (Math.ceil(end / 32) * 32 !== file.length) throw new Error('bytes are missing or left over');
  return { version, metadata, tensors };
}

describe('tiny GGUF model', () => {
  const parsed = parseGguf(tinyGguf(1));

  it('has every tensor of the llama architecture in the shape that its metadata says', () => {
    const { embedding, layers, feedForward } = TINY;
    const vocabulary = (parsed.metadata.get('tokenizer.ggml.tokens') as string[]).length;
    expect(parsed.version).toBe(3);
    expect(parsed.metadata.get('general.architecture')).toBe('llama');
    expect(parsed.metadata.get('llama.vocab_size')).toBe(vocabulary);
    const shapes: Record<string, number[]> = {
      'token_embd.weight': [embedding, vocabulary],
      'output_norm.weight': [embedding],
      'output.weight': [embedding, vocabulary],
    };
    for (let layer = 0; layer < layers; layer++) {
      for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output'])
        shapes[`blk.${layer}.${part}.weight`] = [embedding, embedding];
      for (const part of ['attn_norm', 'ffn_norm']) shapes[`blk.${layer}.${part}.weight`] = [embedding];
      for (const part of ['ffn_gate', 'ffn_up']) shapes[`blk.${layer}.${part}.weight`] = [embedding, feedForward];
      shapes[`blk.${layer}.ffn_down.weight`] = [feedForward, embedding];
    }
    expect(Object.fromEntries([...parsed.tensors].map(([name, { shape }]) => [name, shape]))).toEqual(shapes);
    expect([...parsed.tensors.values()].every(({ type }) => type === 0)).toBe(true);
  });

  it('has weights that are finite, centred and of the wanted spread', () => {
    const values = parsed.tensors.get('blk.0.attn_q.weight')?.values ?? new Float32Array();
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(deviation).toBeCloseTo(1 / Math.sqrt(TINY.embedding), 2);
  });

  it('has a vocabulary with byte fallback in which every piece can be put together', () => {
    const tokens = parsed.metadata.get('tokenizer.ggml.tokens') as string[];
    const types = parsed.metadata.get('tokenizer.ggml.token_type') as number[];
    expect(parsed.metadata.get('tokenizer.ggml.scores')).toHaveLength(tokens.length);
    expect(types).toHaveLength(tokens.length);
    expect(new Set(tokens).size).toBe(tokens.length);
    for (let byte = 0; byte < 256; byte++) {
      expect(types[tokens.indexOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)]).toBe(6);
    }
    const normal = new Set(tokens.filter((_, id) => types[id] === 1));
    for (const piece of normal)
      if (piece.length > 1) expect(normal.has(piece.slice(0, -1)) && normal.has(piece.slice(-1))).toBe(true);
    for (const key of ['bos', 'eos', 'eot', 'unknown']) {
      expect(tokens[parsed.metadata.get(`tokenizer.ggml.${key}_token_id`) as number]).toMatch(/^<.*>$/);
    }
    expect(parsed.metadata.get('tokenizer.chat_template')).toContain('<|im_start|>');
  });

  it('depends on the seed and on nothing else', () => {
    expect(tinyGguf(1).equals(tinyGguf(1))).toBe(true);
    expect(tinyGguf(1).equals(tinyGguf(2))).toBe(false);
  });

  it('is written once, and again when the file was damaged', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cocoon-gguf-'));
    try {
      const file = writeTinyGguf(directory, 3);
      expect(readFileSync(file).equals(tinyGguf(3))).toBe(true);
      writeFileSync(file, 'damaged');
      expect(writeTinyGguf(directory, 3)).toBe(file);
      expect(readFileSync(file).equals(tinyGguf(3))).toBe(true);
      expect(readdirSync(directory)).toHaveLength(1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('refuses a tensor whose data does not fit its shape', () => {
    expect(() => encodeGguf(new Map(), [{ name: 't', shape: [2, 2], data: new Float32Array(3) }])).toThrow(
      /tensor t has 3 values/,
    );
  });
});

describe('llama engine without its package', () => {
  const options = { port: 0, model: 'tiny', logger: pino({ level: 'silent' }) };

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])(
    'says in one line which command installs it (%s)',
    async (code) => {
      const load = () => Promise.reject(Object.assign(new Error("Cannot find package 'node-llama-cpp'"), { code }));
      const error = await startLlamaEngine({ ...options, load }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LlamaMissingError);
      expect((error as Error).message).toContain(LLAMA_INSTALL);
      expect((error as Error).message).not.toContain('\n');
    },
  );

  it('passes on what went wrong inside the package', async () => {
    const load = () =>
      Promise.reject(Object.assign(new Error("Cannot find module 'something-else'"), { code: 'MODULE_NOT_FOUND' }));
    await expect(startLlamaEngine({ ...options, load })).rejects.toThrow('something-else');
  });

  it('names a model file that is not there', async () => {
    const load = () => Promise.resolve({});
    await expect(startLlamaEngine({ ...options, load, modelPath: '/no/such.gguf' })).rejects.toThrow(
      'There is no model file at /no/such.gguf',
    );
  });
});
