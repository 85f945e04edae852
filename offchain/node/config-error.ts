/** A configuration that cannot be used. The message names the key and says what it must be. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  readonly key: string;

  constructor(key: string, detail: string, options: { cause?: unknown } = {}) {
    super(`Configuration key "${key}": ${detail}`, options);
    this.name = 'ConfigError';
    this.key = key;
  }
}
