//! The wall around calls of the system, by seccomp.
//!
//! A list of what is refused, not of what is allowed: libraries below us change
//! the calls that they make with each release, and a call that is missing from a
//! list of allowed ones ends a server in the night.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

use crate::error::HardenError;

/// Refused whatever the arguments are.
const REFUSED: &[c_long] = &[
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_tkill,
    libc::SYS_setpgid,
    // New ways to the network, and to services behind a socket.
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    // Files past their names, and what older kernels' Landlock does not see.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_truncate,
    libc::SYS_mknodat,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    // Calls by another way.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Large parts of the kernel that nobody here needs.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_syslog,
    libc::SYS_personality,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_vhangup,
    // Another user.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
];

/// Calls that some processors have only.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_mknod,
    libc::SYS_uselib,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
    libc::SYS__sysctl,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// On x86-64 a kernel may take the same calls under other numbers (x32): with this
/// bit set, and some under numbers of their own.
#[cfg(target_arch = "x86_64")]
const X32: (c_long, &[c_long]) = (
    0x4000_0000,
    // execve, ptrace, rt_sigqueueinfo, process_vm_readv, process_vm_writev,
    // rt_tgsigqueueinfo, execveat.
    &[520, 521, 524, 539, 540, 536, 545],
);

/// Takes from all threads of this process, and from those to come, the calls that
/// a running server does not need: other programs and processes, new sockets,
/// mounts and namespaces, tracing, other users, parts of the kernel that are large
/// and seldom needed. They fail with `EPERM`.
///
/// # Errors
/// [`HardenError::Architecture`], [`HardenError::Seccomp`].
pub fn confine_calls() -> Result<(), HardenError> {
    let arch = std::env::consts::ARCH;
    let target = TargetArch::try_from(arch).map_err(|_| HardenError::Architecture { arch })?;
    // A new thread may be asked for by `clone3`, whose flags a filter cannot see:
    // the C library then goes back to `clone`.
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    install(absent, libc::ENOSYS, target)?;
    install(rules()?, libc::EPERM, target)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn install(rules: Rules, errno: i32, target: TargetArch) -> Result<(), HardenError> {
    let refuse = SeccompAction::Errno(errno.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, target);
    let filter = filter.map_err(seccompiler::Error::from)?;
    let program = BpfProgram::try_from(filter).map_err(seccompiler::Error::from)?;
    Ok(apply_filter_all_threads(&program)?)
}

fn rules() -> Result<Rules, HardenError> {
    let mut rules: Rules = REFUSED
        .iter()
        .chain(OLDER)
        .map(|call| (*call, Vec::new()))
        .collect();
    // Threads may be made, processes may not.
    let threads = u64::try_from(libc::CLONE_THREAD).unwrap_or_default();
    rules.insert(
        libc::SYS_clone,
        vec![only(0, SeccompCmpOp::MaskedEq(threads), 0)?],
    );
    // Signals reach this process only.
    let own = u64::try_from(rustix::process::getpid().as_raw_nonzero().get()).unwrap_or_default();
    for call in [
        libc::SYS_kill,
        libc::SYS_tgkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
    ] {
        rules.insert(call, vec![only(0, SeccompCmpOp::Ne, own)?]);
    }
    // Limits of this process may be read and set, as the C library does by itself.
    rules.insert(libc::SYS_prlimit64, vec![only(0, SeccompCmpOp::Ne, 0)?]);
    // Nothing is typed into a terminal.
    rules.insert(
        libc::SYS_ioctl,
        vec![
            only(1, SeccompCmpOp::Eq, libc::TIOCSTI)?,
            only(1, SeccompCmpOp::Eq, libc::TIOCLINUX)?,
        ],
    );
    #[cfg(target_arch = "x86_64")]
    {
        let (bit, numbers) = X32;
        let twins: Vec<_> = rules.keys().map(|call| call | bit).collect();
        let others = numbers.iter().map(|call| call | bit);
        rules.extend(
            twins
                .into_iter()
                .chain(others)
                .map(|call| (call, Vec::new())),
        );
    }
    Ok(rules)
}

/// A rule over the low half of one argument, which is all that the kernel looks at
/// in these.
fn only(argument: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompRule, HardenError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value);
    let condition = condition.map_err(seccompiler::Error::from)?;
    let rule = SeccompRule::new(vec![condition]).map_err(seccompiler::Error::from)?;
    Ok(rule)
}
