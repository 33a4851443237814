export interface CheckFilesOptions {
  readonly repair: boolean;
}
export type FindingKind = "leftover";
export interface Finding {
  readonly kind: FindingKind;
}
export interface FilesCheck {
  readonly findings: readonly Finding[];
}
export function checkFiles(_directory: string, _options: CheckFilesOptions): Promise<FilesCheck> {
  return Promise.resolve({ findings: [] });
}
