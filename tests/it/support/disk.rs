//! A small disk of a test's own, that can be full or read-only. Permissions would not do: root ignores them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    pub(crate) fn mount(size: &str) -> Self {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        let options = format!("size={size}");
        disk.run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "hawker-test"]).arg(disk.folder()));
        disk
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves no byte.
    pub(crate) fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        for block in [1 << 16, 1 << 12, 1] {
            while ballast.write_all(&vec![0; block]).is_ok() {}
        }
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    /// Open files cannot be written any more, either.
    pub(crate) fn make_read_only(&self) {
        self.remount("ro");
    }

    pub(crate) fn make_writable(&self) {
        self.remount("rw");
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.folder().join("ballast")
    }

    fn remount(&self, how: &str) {
        self.run(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.folder()));
    }

    fn run(&self, mount: &mut Command) {
        let output = mount.output().unwrap();
        assert!(
            output.status.success(),
            "this test mounts a small disk, which it may not here: run it as root, in a container with \
             --cap-add SYS_ADMIN ({})",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because the service may still hold files; a disk that was never mounted is no trouble.
        _ = Command::new("umount").arg("--lazy").arg(self.folder()).output();
    }
}
