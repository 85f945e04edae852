import { createRequire } from 'node:module';
import type { Config } from '@ton/blueprint';

// Blueprint's prompt is closed when a command ends and again when the process exits, and Node 24 throws when standard
// input has ended by then (`</dev/null`, CI): a command that did all its work would print a stack trace and exit
// with 1. A prompt that is closed already is closed.
interface Closable {
  close(): void;
}
const inquirer = createRequire(require.resolve('@ton/blueprint'))('inquirer') as {
  ui: { BottomBar: { prototype: Closable } };
};
const prompt = Object.getPrototypeOf(inquirer.ui.BottomBar.prototype) as Closable;
const close = prompt.close;
prompt.close = function (this: Closable) {
  try {
    close.call(this);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_USE_AFTER_CLOSE') throw error;
  }
};

// Everything else is in Blueprint's default places.
export const config: Config = {};
