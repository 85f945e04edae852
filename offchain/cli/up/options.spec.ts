import { CliError } from '../errors';
import { DEMO_MODEL, LLAMA_MODEL, parseUpOptions } from './options';

describe('parseUpOptions', () => {
  it('needs no flag at all', () => {
    expect(parseUpOptions({})).toMatchObject({
      once: false,
      model: DEMO_MODEL,
      engineUrl: undefined,
      port: 10_000,
      chainPort: 10_080,
      stateDir: '.cocoon',
      json: false,
    });
  });

  it('serves the tiny model under its own name', () => {
    expect(parseUpOptions({ llama: 'random' }).model).toBe(LLAMA_MODEL);
    expect(parseUpOptions({ llama: 'random', model: 'mine' }).model).toBe('mine');
  });

  it.each([
    [{ port: '70000' }, '--port'],
    [{ port: '1.5' }, '--port'],
    [{ question: '   ' }, '--question'],
    [{ maxTokens: '0' }, '--max-tokens'],
    [{ model: 'a b' }, '--model'],
    [{ engineUrl: 'ftp://127.0.0.1' }, '--engine-url'],
    [{ engineUrl: 'http://127.0.0.1:8000' }, '--model'],
    [{ engineUrl: 'http://127.0.0.1:8000', model: 'm', llama: 'random' }, '--llama'],
    [{ port: '9000', chainPort: '9000' }, '--chain-port'],
  ])('refuses %j naming %s', (flags, named) => {
    const parse = () => parseUpOptions(flags);
    expect(parse).toThrow(CliError);
    expect(parse).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringContaining(named) }));
  });
});
