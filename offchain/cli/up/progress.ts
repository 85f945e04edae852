/**
 * What the newcomer watches while the network starts: one line per step, with its duration.
 * On a terminal the running step is redrawn in place; elsewhere only finished steps are printed.
 */

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
}

export class Progress {
  readonly #out: ProgressOutput;
  readonly #now: () => number;

  constructor(out: ProgressOutput, now: () => number = Date.now) {
    this.#out = out;
    this.#now = now;
  }

  /** Runs `work` under a title; `work` may return a detail that is shown beside the tick. */
  async step<T>(title: string, work: (note: (detail: string) => void) => Promise<T>): Promise<T> {
    const started = this.#now();
    let detail = '';
    let frame = 0;
    const draw = () => {
      this.#out.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} ${title}${detail && `: ${detail}`}`);
    };
    const timer = this.#out.isTTY ? setInterval(draw, 80) : undefined;
    const clear = () => {
      clearInterval(timer);
      if (this.#out.isTTY) this.#out.write('\r\x1b[K');
    };
    try {
      const result = await work((text) => {
        detail = text;
      });
      clear();
      const seconds = ((this.#now() - started) / 1000).toFixed(1);
      this.#out.write(`✓ ${title}${detail && `: ${detail}`} (${seconds} s)\n`);
      return result;
    } catch (error) {
      clear();
      this.#out.write(`✗ ${title}\n`);
      throw error;
    }
  }

  line(text: string): void {
    this.#out.write(`${text}\n`);
  }
}
