//! Random numbers, whose seeding and arithmetic are changed in the image.

use crate::support::{finished, raised};

/// The values are those of a native run. The product of 128 bits, which most of them
/// consist of, is an instruction in the image.
#[tokio::test]
async fn generators_of_random_numbers_give_what_they_give_natively() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import numpy as np
from numpy.random import Generator, MT19937, PCG64, PCG64DXSM, Philox, SFC64
found = [int(Generator(kind(12345)).integers(1 << 62, dtype='int64')) for kind in (MT19937, PCG64, PCG64DXSM, Philox, SFC64)]
advanced = PCG64(1).advance(1 << 100).random_raw(), PCG64(1).jumped(7).random_raw()
words = np.random.RandomState([0x04030201, 0x08070605]).randint(1 << 31)
print((found, advanced, np.random.default_rng(42).normal(size=3).tolist(), words))";
    let report = finished(&context, code).await;
    assert_eq!(
        report.stdout_text(),
        "([1742614567796881012, 1048402356296740967, 4298468099280340251, 1940386997086592592, 881767023574450064], \
         (7772989560108038192, 3140863263320804664), [0.30471707975443135, -1.0399841062404955, 0.7504511958064572], \
         683293966)\n"
    );
}

/// The kernel seeds with bytes.
#[tokio::test]
async fn bytes_seed_as_their_words_do() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import numpy as np
def drawn(seed):
    np.random.seed(seed)
    return np.random.random(3).tolist(), np.random.normal()
drawn(bytes(range(1, 9))) == drawn([0x04030201, 0x08070605]), drawn(bytes(4)) == drawn([0]), drawn(b'\\1\\0\\0\\0') == drawn(b'\\2\\0\\0\\0')";
    let report = finished(&context, code).await;
    assert_eq!(report.text().unwrap(), "(True, True, False)");
    for (seed, error) in [
        ("b''", "TypeError"),
        ("b'abc'", "TypeError"),
        ("-1", "ValueError"),
    ] {
        let exception = raised(&context, format!("np.random.seed({seed})")).await;
        assert_eq!(exception.name, error, "{seed}");
    }
}
