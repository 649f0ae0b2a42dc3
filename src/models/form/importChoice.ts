import type { ImportRequest, RecognizedFile } from '../../api/generated';

/** What the user chose in a file; a field that is absent has its default. */
export interface IImportChoice {
  /** The environment of a pixi.lock. */
  readonly environment?: string;
  /** The categories of a conda-lock file, or the extras and dependency groups of a Python project. */
  readonly categories?: readonly string[];
  /** How much of each spec counts. */
  readonly builds?: Builds;
  /** The CUDA version to assume. */
  readonly cuda?: string;
}

type Builds = NonNullable<ImportRequest['builds']>;

/** Return the environment, the categories and the kind of specs that a choice means in a file. */
export function chosen(
  file: RecognizedFile,
  choice: IImportChoice
): {
  readonly environment: string | null;
  readonly categories: readonly string[];
  readonly builds: Builds;
} {
  const { environments, builds } = file;
  const isKnown = (environment: string): boolean =>
    environments.includes(environment);
  const known = choice.categories?.filter(category =>
    file.categories.includes(category)
  );
  return {
    environment:
      choice.environment && isKnown(choice.environment)
        ? choice.environment
        : (environments[0] ?? null),
    categories: known?.length ? known : file.categories.slice(0, 1),
    builds:
      choice.builds && builds.includes(choice.builds)
        ? choice.builds
        : (builds[0] ?? 'exact')
  };
}

/** Make the import request for a file. It has only the choices that differ from the defaults of the server. */
export function importRequest(
  file: RecognizedFile | null,
  content: string,
  name: string,
  choice: IImportChoice
): ImportRequest {
  const request: ImportRequest = {
    kind: 'import',
    name,
    content,
    format: null
  };
  if (!file) {
    return request;
  }
  const { environment, categories, builds } = chosen(file, choice);
  const isDefault = categories.join() === file.categories.slice(0, 1).join();
  return {
    ...request,
    ...(environment !== (file.environments[0] ?? null) && {
      lock_environment: environment
    }),
    ...(!isDefault && { categories }),
    ...(builds !== 'exact' && { builds }),
    ...(file.needs_cuda && choice.cuda && { cuda: choice.cuda })
  };
}
