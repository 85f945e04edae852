export * from './ton-codes';
