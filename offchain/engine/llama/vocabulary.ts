/** Kinds of tokens as the GGUF field tokenizer.ggml.token_type counts them. */
export const TokenType = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

export interface Vocabulary {
  tokens: string[];
  scores: number[];
  types: number[];
  /** Ids of the tokens with a meaning. */
  unknown: number;
  begin: number;
  end: number;
  endOfTurn: number;
}

/** Where SentencePiece has a space. */
const SPACE = '\u2581';

const WORDS = (
  'the of and to in is that it for you with on as are this be at have from or one had by word but not what all were we when your can said there use an each which ' +
  'she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could ' +
  'people my than first water been call who oil its now find long down day did get come made may part model token price worker proxy client network payment channel ' +
  'contract engine answer question demo'
).split(' ');

/**
 * A SentencePiece vocabulary with byte fallback, so that every text has tokens and every token a text: three control tokens and the two of
 * the chat template, all bytes, printable ASCII, and common words with all their beginnings. Pieces are only ever put together from two that
 * exist, so a word needs its beginnings too; a lower id has a higher score and is put together first.
 */
export function tinyVocabulary(): Vocabulary {
  const tokens: string[] = [];
  const types: number[] = [];
  const add = (token: string, type: number): number => {
    types.push(type);
    return tokens.push(token) - 1;
  };
  const unknown = add('<unk>', TokenType.unknown);
  const begin = add('<s>', TokenType.control);
  const end = add('</s>', TokenType.control);
  for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, TokenType.byte);
  add('<|im_start|>', TokenType.control);
  const endOfTurn = add('<|im_end|>', TokenType.control);
  const pieces = new Set([SPACE]);
  for (let code = 0x21; code < 0x7f; code++) pieces.add(String.fromCharCode(code));
  for (const word of WORDS) {
    for (let length = 1; length <= word.length; length++) pieces.add(SPACE + word.slice(0, length));
  }
  for (const piece of pieces) add(piece, TokenType.normal);
  const scores = tokens.map((_, id) => (types[id] === TokenType.normal ? -id : 0));
  return { tokens, scores, types, unknown, begin, end, endOfTurn };
}
