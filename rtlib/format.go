package rtlib

// FormatVersion is the version of the contract between generated code and this package. It is raised when generated code of
// an earlier version must not be compiled against this package any more.
const FormatVersion = 1

// EnforceFormat makes stale generated code fail to compile. Each generated package holds, with N the version that its
// generator wrote it for,
//
//	const (
//		_ = rtlib.EnforceFormat(rtlib.FormatVersion - N) // else: regenerate, the code is newer than the run time
//		_ = rtlib.EnforceFormat(N - rtlib.FormatVersion) // else: regenerate, the code is older than the run time
//	)
//
// A negative constant does not fit the unsigned type, so that both lines compile only if the versions are equal.
type EnforceFormat uint
