import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigfsAttester } from './configfs';
import { EmulatedTsm } from './testing/emulated-tsm';
import { codeOfAsync } from './testing/fixtures';

const ROOT = '/sys/kernel/config/tsm/report';
const reportData = Buffer.alloc(64, 0xab);
const expected = Buffer.concat([Buffer.from('quote:'), reportData]);

function setUp() {
  const kernel = new EmulatedTsm(ROOT);
  const pauses: number[] = [];
  const problems: string[] = [];
  const attester = new ConfigfsAttester({
    root: ROOT,
    files: kernel,
    pause: async (ms) => pauses.push(ms),
    onProblem: ({ message }) => problems.push(message),
  });
  return { kernel, attester, pauses, problems };
}

test('a quote is made in an entry of its own, which is gone afterwards', async () => {
  const { kernel, attester } = setUp();
  expect(await attester.quote(reportData)).toEqual(expected);
  await attester.quote(reportData);
  expect(new Set(kernel.made).size).toBe(2);
  expect(kernel.entries.size).toBe(0);
});

test('two quotes at once do not get into each other', async () => {
  const { attester } = setUp();
  const other = Buffer.alloc(64, 0xcd);
  const [a, b] = await Promise.all([attester.quote(reportData), attester.quote(other)]);
  expect([a?.subarray(6), b?.subarray(6)]).toEqual([reportData, other]);
});

test.each(['EBUSY', 'EAGAIN', 'EINTR'])('%s is waited for, longer each time', async (code) => {
  const { kernel, attester, pauses } = setUp();
  kernel.errors.push(code, code);
  expect(await attester.quote(reportData)).toEqual(expected);
  expect(pauses).toEqual([200, 400]);
});

test('a kernel that stays busy is given up, and the entry is removed all the same', async () => {
  const { kernel, attester } = setUp();
  kernel.errors.push(...new Array(5).fill('EBUSY'));
  expect(await codeOfAsync(() => attester.quote(reportData))).toBe('QUOTE_UNAVAILABLE');
  expect(kernel.entries.size).toBe(0);
});

test('a quote that another process may have asked for is not taken', async () => {
  const { kernel, attester } = setUp();
  let left = 2;
  kernel.interfere = (entry) => {
    if (left-- > 0) {
      entry.generation++;
      entry.inblob = Buffer.alloc(64, 0xee);
    }
  };
  expect(await attester.quote(reportData)).toEqual(expected);
});

test('another kind of confidential machine is refused by name', async () => {
  const { kernel, attester } = setUp();
  kernel.provider = 'sev_guest';
  await expect(attester.quote(reportData)).rejects.toMatchObject({
    code: 'QUOTE_UNAVAILABLE',
    message: expect.stringContaining('sev_guest'),
  });
});

test.each([
  ['an empty quote', 0],
  ['a quote that peers would refuse', 32 * 1024 + 1],
])('%s is none', async (_, length) => {
  const { kernel, attester } = setUp();
  kernel.quoteOf = () => Buffer.alloc(length);
  expect(await codeOfAsync(() => attester.quote(reportData))).toBe('QUOTE_UNAVAILABLE');
});

test('an entry that cannot be removed is reported, and the quote is good', async () => {
  const { kernel, attester, problems } = setUp();
  kernel.removable = false;
  expect(await attester.quote(reportData)).toEqual(expected);
  expect(problems).toEqual([expect.stringContaining('stays behind (EBUSY)')]);
});

test('on a machine without the interface, and in a directory that is none, the error says what is needed', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'cocoon-tsm-'));
  try {
    for (const root of [path.join(directory, 'absent'), directory]) {
      const attester = new ConfigfsAttester({ root });
      await expect(attester.quote(reportData)).rejects.toMatchObject({
        code: 'QUOTE_UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining('must be a TDX guest'),
      });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
