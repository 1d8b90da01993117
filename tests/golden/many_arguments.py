# a0*b0 + a1*b1 + a2*b2 + a3*b3 + a4*b4 + a5*b5 + a6*b6 + a7*b7 + a8*b8 + a9*b9 + a10*b10 + a11*b11

def grad(
    a0, b0, a1, b1, a2, b2, a3, b3, a4, b4, a5, b5, a6, b6, a7, b7, a8, b8, a9, b9, a10,
    b10, a11, b11
):
    a0_bar = b0
    b0_bar = a0
    a1_bar = b1
    b1_bar = a1
    a2_bar = b2
    b2_bar = a2
    a3_bar = b3
    b3_bar = a3
    a4_bar = b4
    b4_bar = a4
    a5_bar = b5
    b5_bar = a5
    a6_bar = b6
    b6_bar = a6
    a7_bar = b7
    b7_bar = a7
    a8_bar = b8
    b8_bar = a8
    a9_bar = b9
    b9_bar = a9
    a10_bar = b10
    b10_bar = a10
    a11_bar = b11
    b11_bar = a11
    return (
        a0_bar, b0_bar, a1_bar, b1_bar, a2_bar, b2_bar, a3_bar, b3_bar, a4_bar, b4_bar,
        a5_bar, b5_bar, a6_bar, b6_bar, a7_bar, b7_bar, a8_bar, b8_bar, a9_bar, b9_bar,
        a10_bar, b10_bar, a11_bar, b11_bar
    )
