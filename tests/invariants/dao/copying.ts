/** The same once more, with all that it is made of: plain values, objects of classes, maps and lists. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, copyOf(item)])) as T;
  const twin: T = Object.create(Object.getPrototypeOf(value));
  for (const [key, item] of Object.entries(value)) Object.assign(twin as object, { [key]: copyOf(item) });
  return twin;
}
