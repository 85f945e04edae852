import { describe as explain, ScriptError } from '../../scripts/lib/script';

/** The errors as axios, which Blueprint's client uses, throws them. */
function axiosError(message: string, response?: { status: number; data?: unknown }): Error {
  return Object.assign(new Error(message), { isAxiosError: true, response });
}

describe('what a script says when it fails', () => {
  it('gives the reason of an endpoint that refused', () => {
    const error = axiosError('Request failed with status code 500', {
      status: 500,
      data: { ok: false, error: 'external message was not accepted: exit code 136' },
    });
    expect(explain(error)).toBe(
      'The chain endpoint refused (HTTP 500): external message was not accepted: exit code 136',
    );
  });

  it.each([
    ['no connection', axiosError('connect ECONNREFUSED 127.0.0.1:1')],
    ['an answer that is not from toncenter', axiosError('status code 502', { status: 502, data: '<html>' })],
  ])('names the endpoint as the cause: %s', (_, error) => {
    expect(explain(error)).toMatch(/^The chain endpoint does not answer: .* Check the --custom URL/);
  });

  it('adds nothing to its own words', () => {
    expect(explain(new ScriptError('price=abc:', 'expected an amount.'))).toBe('price=abc: expected an amount.');
  });
});
