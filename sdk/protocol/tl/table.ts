/** How a field is laid out. `bare` and `vector` name a constructor, `boxed` a result type. */
export type TlFieldType =
  | { readonly kind: 'int' | 'long' | 'double' | 'int256' | 'string' | 'bytes' | 'Bool' }
  | { readonly kind: 'bare' | 'vector' | 'boxed'; readonly of: string };

/** `bit` is set for a field that is present only when that bit of `flags` is. */
export interface TlField {
  readonly name: string;
  readonly type: TlFieldType;
  readonly bit?: number;
}

/** One line of the schema. `flagsAt`: index of the field before which `flags:#` stands (absent: no flags). */
export interface TlConstructor {
  readonly name: string;
  readonly id: number;
  readonly role: 'type' | 'function';
  readonly result: string;
  readonly flagsAt?: number;
  readonly fields: readonly TlField[];
}
