import type { CocoonParams } from '@cocoon/sdk';
import type { Logger } from 'pino';

/** Notices that the root has newer terms than this proxy's contract, and says what its operator can do. */
export class TermsNotice {
  private readonly own: CocoonParams;
  private readonly root: () => CocoonParams;

  constructor(own: CocoonParams, root: () => CocoonParams) {
    this.own = own;
    this.root = root;
  }

  get outdated(): boolean {
    return this.root().paramsVersion > this.own.paramsVersion;
  }

  /** One line; undefined while the contract has the root's terms. */
  get text(): string | undefined {
    if (!this.outdated) return undefined;
    const [root, own] = [this.root(), this.own];
    return [
      `the root has newer terms (version ${root.paramsVersion}: ${priceText(root)}) than this proxy's contract (version ${own.paramsVersion}: ${priceText(own)}), which keeps its own.`,
      'Channels go on under them, and new ones come only while they are no worse.',
      'To offer the new terms, deploy a new proxy contract: see "New terms" in docs/operations.md',
    ].join(' ');
  }

  /** Says it in the log. */
  tell(logger: Logger): void {
    const { text } = this;
    if (text !== undefined) logger.warn({ own: this.own.paramsVersion, root: this.root().paramsVersion }, text);
  }
}

function priceText({ pricePerToken, workerFeePerToken }: CocoonParams): string {
  return `${pricePerToken} nanoTON per token, ${workerFeePerToken} of them to the worker`;
}
