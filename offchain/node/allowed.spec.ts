import { modelHash } from '@cocoon/sdk';
import { imageProblem, modelProblem } from './allowed';

const IMAGE = Buffer.alloc(32, 5);
const root = {
  proxyHashes: new Set([IMAGE.toString('hex')]),
  workerHashes: new Set<string>(),
  modelHashes: new Set([modelHash('base@commit:verity').toString('hex')]),
  checkImages: true,
};

describe("the root's lists", () => {
  it('let an attested image in by its role, and say which one they do not', () => {
    expect(imageProblem(root, 'proxy', { imageHash: IMAGE })).toBeUndefined();
    expect(imageProblem(root, 'worker', { imageHash: IMAGE })).toBe(
      `the image ${'05'.repeat(32)} of the worker is not on the root's list`,
    );
  });

  it('let nobody in who attests no image, unless images are not checked', () => {
    expect(imageProblem(root, 'worker', {})).toBe('the worker attests no image');
    expect(imageProblem({ ...root, checkImages: false }, 'worker', {})).toBeUndefined();
    expect(imageProblem({ ...root, checkImages: false }, 'worker', { imageHash: IMAGE })).toBeUndefined();
  });

  it('know a model by its full name', () => {
    expect(modelProblem(root, 'base@commit:verity')).toBeUndefined();
    expect(modelProblem(root, 'base@commit:other')).toContain('the model "base@commit:other" (hash');
    expect(modelProblem(root, 'base')).toBeDefined();
  });
});
