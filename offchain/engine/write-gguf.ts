import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from './demo/random';
import { encodeGguf, type GgufTensor, type GgufValue } from './llama/gguf';
import { TokenType, tinyVocabulary, type Vocabulary } from './llama/vocabulary';

/** Sizes of the tiny model: real in every part, and small enough to be written in a moment. */
export const TINY = { embedding: 64, layers: 2, heads: 4, feedForward: 128, context: 2048 } as const;

/** Deviation of the scores between which the next token is chosen: wide enough that those of 0 lose. */
const OUTPUT_SPREAD = 5;

/** The ChatML template, which every chat program understands. */
const CHAT_TEMPLATE =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * A tiny model of the llama architecture with random weights, as a GGUF v3 file: it writes gibberish, but it is tokenised, computed and counted
 * like any other model. The bytes depend on the seed only, on every machine.
 */
export function tinyGguf(seed: number): Buffer {
  const { embedding, layers, heads, feedForward, context } = TINY;
  const vocabulary = tinyVocabulary();
  const u32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['general.name', { type: 'string', value: `Cocoon tiny random model, seed ${seed}` }],
    ['general.file_type', u32(0)],
    ['llama.vocab_size', u32(vocabulary.tokens.length)],
    ['llama.context_length', u32(context)],
    ['llama.embedding_length', u32(embedding)],
    ['llama.block_count', u32(layers)],
    ['llama.feed_forward_length', u32(feedForward)],
    ['llama.rope.dimension_count', u32(embedding / heads)],
    ['llama.attention.head_count', u32(heads)],
    ['llama.attention.head_count_kv', u32(heads)],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: vocabulary.tokens }],
    ['tokenizer.ggml.scores', { type: 'float32s', value: vocabulary.scores }],
    ['tokenizer.ggml.token_type', { type: 'int32s', value: vocabulary.types }],
    ['tokenizer.ggml.bos_token_id', u32(vocabulary.begin)],
    ['tokenizer.ggml.eos_token_id', u32(vocabulary.end)],
    ['tokenizer.ggml.eot_token_id', u32(vocabulary.endOfTurn)],
    ['tokenizer.ggml.unknown_token_id', u32(vocabulary.unknown)],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: true }],
    ['tokenizer.ggml.add_eos_token', { type: 'bool', value: false }],
    ['tokenizer.chat_template', { type: 'string', value: CHAT_TEMPLATE }],
  ]);
  return encodeGguf(metadata, weights(seed, vocabulary));
}

/** Writes the model unless it is there with these very bytes. @returns its path */
export function writeTinyGguf(directory: string, seed: number): string {
  const bytes = tinyGguf(seed);
  const file = join(
    directory,
    `cocoon-tiny-${seed}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.gguf`,
  );
  if (existsSync(file) && readFileSync(file).equals(bytes)) return file;
  mkdirSync(directory, { recursive: true });
  // Two engines may start together: each writes its own file, and either one is right.
  const temporary = `${file}.${randomUUID()}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
  return file;
}

function weights(seed: number, vocabulary: Vocabulary): GgufTensor[] {
  const { embedding, layers, feedForward } = TINY;
  const matrix = (name: string, columns: number, rows: number): GgufTensor => ({
    name,
    shape: [columns, rows],
    data: noise(seededRandom('tiny-gguf', seed, name), columns * rows, Math.sqrt(1 / columns)),
  });
  const ones = (name: string): GgufTensor => ({ name, shape: [embedding], data: new Float32Array(embedding).fill(1) });
  const tensors = [matrix('token_embd.weight', embedding, vocabulary.tokens.length)];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    tensors.push(
      ones(name('attn_norm')),
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((part) => matrix(name(part), embedding, embedding)),
      ones(name('ffn_norm')),
      matrix(name('ffn_gate'), embedding, feedForward),
      matrix(name('ffn_up'), embedding, feedForward),
      matrix(name('ffn_down'), feedForward, embedding),
    );
  }
  return [...tensors, ones('output_norm.weight'), outputWeights(seed, vocabulary)];
}

/** Random for words and signs, nothing for bytes and control tokens: those are then hardly ever chosen, and a terminal can show the text. */
function outputWeights(seed: number, { tokens, types }: Vocabulary): GgufTensor {
  const name = 'output.weight';
  const { embedding } = TINY;
  const data = noise(
    seededRandom('tiny-gguf', seed, name),
    embedding * tokens.length,
    OUTPUT_SPREAD / Math.sqrt(embedding),
  );
  for (const [id, type] of types.entries())
    if (type !== TokenType.normal) data.fill(0, id * embedding, (id + 1) * embedding);
  return { name, shape: [embedding, tokens.length], data };
}

/** Close to normally distributed: the sum of four uniform numbers needs additions only, which are exact on every machine. */
function noise(random: () => number, count: number, deviation: number): Float32Array {
  const values = new Float32Array(count);
  // Four uniform numbers have a variance of 4 / 12.
  const scale = deviation * Math.sqrt(3);
  for (let index = 0; index < count; index++) values[index] = (random() + random() + random() + random() - 2) * scale;
  return values;
}
