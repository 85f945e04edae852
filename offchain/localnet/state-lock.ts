import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalnetError, systemCode } from './errors';

const NAME = 'lock';

/** Tells two processes with the same id apart (ids are reused); empty where the system does not say. */
async function startedAt(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name is in parentheses and may hold spaces; field 22 of the line is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return '';
    }
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

async function holder(path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  const [pidText = '', started = ''] = text.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) {
    return undefined;
  }
  return (await startedAt(pid)) === started ? pid : undefined;
}

/** Held directories of this very process: a lock file cannot tell it from itself after a crash and restart. */
const heldHere = new Set<string>();

/**
 * Keeps two processes from writing one state directory. A lock left behind by a killed process is taken over: its process
 * is gone, or another one with the same id was started at another time.
 */
export class StateLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws LocalnetError `state-in-use` */
  static async acquire(dir: string): Promise<StateLock> {
    const path = join(dir, NAME);
    const inUse = (by: string): LocalnetError =>
      new LocalnetError(
        'state-in-use',
        `the state directory ${dir} is in use by ${by}; stop it or choose another directory`,
      );
    if (heldHere.has(path)) {
      throw inUse('this process');
    }
    for (let attempt = 0; ; attempt++) {
      let file: FileHandle;
      try {
        file = await open(path, 'wx');
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') {
          throw error;
        }
        const pid = await holder(path);
        if ((pid !== undefined && pid !== process.pid) || attempt > 2) {
          throw inUse(`process ${pid ?? 'unknown'}`);
        }
        await rm(path, { force: true });
        continue;
      }
      await file.writeFile(`${process.pid} ${await startedAt(process.pid)}\n`);
      await file.close();
      heldHere.add(path);
      return new StateLock(path);
    }
  }

  async release(): Promise<void> {
    heldHere.delete(this.#path);
    await rm(this.#path, { force: true });
  }
}
