import type { LlamaSequence, Token } from './bindings';

interface Waiting {
  prompt: readonly Token[];
  resolve: (sequence: LlamaSequence) => void;
}

/** Sequences of one context: each runs one answer at a time; further answers wait their turn. */
export class SequencePool {
  readonly #free: Set<LlamaSequence>;
  #waiting: Waiting[] = [];

  constructor(sequences: readonly LlamaSequence[]) {
    this.#free = new Set(sequences);
  }

  /** The free sequence that knows most of the prompt already. Rejects with the signal's reason when it aborts first. */
  acquire(prompt: readonly Token[], signal: AbortSignal): Promise<LlamaSequence> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const sequence = this.#best(prompt);
    if (sequence !== undefined) {
      this.#free.delete(sequence);
      return Promise.resolve(sequence);
    }
    return new Promise((resolve, reject) => {
      const give = (taken: LlamaSequence) => {
        signal.removeEventListener('abort', leave);
        resolve(taken);
      };
      const waiting: Waiting = { prompt, resolve: give };
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  release(sequence: LlamaSequence): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.add(sequence);
    else next.resolve(sequence);
  }

  #best(prompt: readonly Token[]): LlamaSequence | undefined {
    let best: LlamaSequence | undefined;
    let most = -1;
    for (const sequence of this.#free) {
      const known = commonBeginning(sequence.contextTokens, prompt);
      if (known > most) {
        most = known;
        best = sequence;
      }
    }
    return best;
  }
}

function commonBeginning(a: readonly Token[], b: readonly Token[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
